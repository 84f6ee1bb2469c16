"""The stack file as typed values: `loader` reads and checks it whole, `describe` says what it names for tools."""
