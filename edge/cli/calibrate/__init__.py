"""`lookout calibrate`."""
