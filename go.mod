module github.com/openstance/stance

go 1.26.0
