"""What developers of this project run beside its tests."""
