"""The seed's experiments with a replicated MySQL (002), as commands that check what must hold and put things back."""
