"""Generators and discriminators of several architectures, for whatever method trains them."""
