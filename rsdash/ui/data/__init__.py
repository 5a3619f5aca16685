"""What the Data page is made of: sources, images, audit and splits."""
