"""What the models of the stack file are made of: strict fields with limits, and words for what is wrong with one."""
