"""What synthetic images to add to which class, and the merge itself."""
