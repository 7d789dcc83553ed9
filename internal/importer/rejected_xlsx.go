package importer

import (
	"errors"
	"fmt"
	"io"

	"arauto/internal/sheet"
)

// sheetOf is a file of rejects that was kept as CSV as a workbook, made while it is read.
func sheetOf(kept io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		in.CloseWithError(errors.Join(writeSheet(in, kept), kept.Close()))
	}()
	return out
}

// writeSheet writes every cell as a text: phones keep their digits and their zeros.
func writeSheet(out io.Writer, kept io.Reader) error {
	source, _, err := OpenCSV(kept, CSVOptions{Separator: separators[0], plain: true})
	if err != nil {
		return err
	}
	book, err := sheet.New(out)
	if err == nil {
		err = book.Sheet("Sheet1")
	}
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	var cells []sheet.Cell
	for row := source.Header(); ; {
		cells = cells[:0]
		for _, cell := range row {
			cells = append(cells, sheet.Cell{Text: cell})
		}
		if err := book.Row(cells); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
		next, err := source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*RowError](err); ok {
			next = bad.Row
		} else if err != nil {
			return err
		}
		row = next.Cells
	}
	if err := book.Close(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}
