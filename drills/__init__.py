"""The experiments of "Run a Replicated Stateful Application", a tutorial of the Kubernetes documentation, as commands.

They check what must hold, and put things back.
"""
