"""Serves the components to programs in any language; Pulumi starts it."""

from statefulsets.package import serve

if __name__ == "__main__":
    serve()
