package packs
import ("io/fs";"testing/fstest")
func Azure() fs.FS { return fstest.MapFS{} }
func GCP() fs.FS { return fstest.MapFS{} }
