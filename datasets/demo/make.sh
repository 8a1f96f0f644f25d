#!/bin/sh
# Cuts the demo clip from Debian's opencv-doc (apt-get install opencv-doc ffmpeg); run it in this folder.
set -eu
ffmpeg -nostdin -hide_banner -loglevel error -y \
  -ss 43 -t 25 -i "${1:-/usr/share/doc/opencv-doc/examples/data/vtest.avi}" \
  -an -map_metadata -1 -fflags +bitexact -flags:v +bitexact \
  -c:v libx264 -preset slow -crf 27 -pix_fmt yuv420p -g 20 -keyint_min 20 -sc_threshold 0 -bf 0 -threads 1 \
  -movflags +faststart yard.mp4
