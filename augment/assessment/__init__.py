"""The final assessment of synthetic images: what only the stage `assess` computes, and no training needs."""
