"""What must hold whatever breaks: pure functions of what was observed. None of them asks the cluster."""
