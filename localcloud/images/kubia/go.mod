module statefulsets/kubia

go 1.24
