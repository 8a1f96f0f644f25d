"""The pipeline over an archive: many recordings, on many cores, resumed where it stopped."""
