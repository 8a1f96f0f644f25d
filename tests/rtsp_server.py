"""A real RTSP server for tests, on GStreamer; run it with the system's Python, which has its bindings.

    /usr/bin/python3 tests/rtsp_server.py PORT [--user USER:PASSWORD] [--codec h264|h265|jpeg] [--group PICTURES]

Serves a moving test picture of 320×240 at 25 frames a second under `/cam`, prints `ready` once it listens,
and leaves when it is killed.
"""

from __future__ import annotations

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions are asked for first

_ENCODERS = {
    "h264": "x264enc {quick} ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc {quick} ! rtph265pay name=pay0 pt=96",
    "jpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}
_QUICK = "tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max="
_PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1,format=I420"


def _require(server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, user: str) -> None:
    name, _, password = user.partition(":")
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(name, password), token)
    server.set_auth(auth)
    role = Gst.Structure.new_empty("viewer")
    role.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, True)
    role.set_value(GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, True)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role_from_structure(role)
    factory.set_permissions(permissions)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--user", default="")
    parser.add_argument("--codec", choices=_ENCODERS, default="h264")
    parser.add_argument("--group", default="12", help="pictures from one keyframe to the next")
    wish = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(wish.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {_PICTURE} ! {_ENCODERS[wish.codec].format(quick=_QUICK + wish.group)} )")
    factory.set_shared(True)
    if wish.user:
        _require(server, factory, wish.user)
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        raise SystemExit(f"port {wish.port} can not be listened on")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
