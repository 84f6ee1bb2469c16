"""The one way in which localcloud refuses: a line a person can act on, never a traceback."""


class LocalCloudError(Exception):
    """What went wrong and what to do about it, in one line per problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
