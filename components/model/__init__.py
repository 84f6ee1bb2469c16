"""What every model of the stack file is made of: strict fields with their limits, and the words for what is wrong."""
