"""`lookout demo`: an agent on bundled footage, a broker, a subscriber, and a verdict on what arrived."""
