"""What calls of every kind go through: who may call, where a call leads, bodies, refusals and the way back."""
