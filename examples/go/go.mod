module shop

go 1.25

require (
	github.com/pulumi/pulumi/sdk/v3 v3.259.0
	example.com/statefulsets/sdk/go/statefulsets v0.0.0
)

replace example.com/statefulsets/sdk/go/statefulsets => ./sdks/statefulsets
