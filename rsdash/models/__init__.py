"""Networks: the study's own, those of torchvision and timm, what they cost and which weights they take."""
