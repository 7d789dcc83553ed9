package blob

// Explain is what a failure of the file system is told as.
func (d *Dir) Explain(doing string, err error) error { return d.explain(doing, err) }
