"""Labels that a teacher proposes, and plans of the pictures made with them."""
