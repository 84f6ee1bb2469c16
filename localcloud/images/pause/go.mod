module statefulsets/pause

go 1.24
