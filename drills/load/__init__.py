"""The load: what writes, reads and looks on while things break, in a pod like an application's, and what it notes.

The drills, the cluster tests and the soak share it. The loops run in the cluster, since a user's machine may have no
way to the members, and they write notes there, which a broken connection does not touch. The notes are followed line
by line as they come, since a test acts on the last second.
"""
