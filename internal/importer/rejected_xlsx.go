package importer

import (
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
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
func writeSheet(out io.Writer, kept io.Reader) (err error) {
	source, _, err := OpenCSV(kept, CSVOptions{Separator: separators[0], plain: true})
	if err != nil {
		return err
	}
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	for n, row := 1, source.Header(); ; n++ {
		cells := make([]any, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		if err := sheet.SetRow(fmt.Sprint("A", n), cells); err != nil {
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
	if err := sheet.Flush(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	if err := book.Write(out); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}
