"""The page of `edit --serve`, on which a StyleMapGAN's photos are edited by hand."""
