"""The stack file as typed values: read whole, checked whole, or described for tools."""
