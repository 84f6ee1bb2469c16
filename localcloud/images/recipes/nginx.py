"""nginx: Debian's, with busybox to look around with; for pods without root and with a read-only root filesystem.

The pod mounts its own /etc/nginx/nginx.conf; as with the upstream images it leaves `daemon` and `user` out and puts
nginx's temporary files and pid where the pod may write. The configuration within serves /usr/share/nginx/html on 8080.
"""

from __future__ import annotations

from localcloud.images import debian, files
from localcloud.images.archive import ImageConfig, Tree
from localcloud.images.recipe import HERE, Recipe, package_labels
from localcloud.images.workshop import Workshop

USER = 101  # as upstream's
SUITE = "trixie"
PACKAGES = ("nginx", "busybox-static")
# For init scripts and maintainer scripts, of which none runs here, and for ciphers that no page is served with.
WITHOUT = ("debconf", "iproute2", "openssl-provider-legacy")

CONFIGURATION = """\
pid /tmp/nginx.pid;
worker_processes auto;
events {}
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  server {
    listen 8080;
    root /usr/share/nginx/html;
  }
}
"""


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, SUITE, PACKAGES, root, WITHOUT)
    debian.strip(root, "etc/nginx/sites-available", "etc/nginx/sites-enabled", "usr/share/vim", "usr/lib/*/gconv")
    files.skeleton(root, "var/lib/nginx", "var/log/nginx")
    files.accounts(root, "nginx", USER)
    files.busybox(workshop, root)
    files.write(root, "etc/nginx/nginx.conf", CONFIGURATION)
    debian.run_inside(workshop, root, "usr/sbin/nginx", "-v")
    config = ImageConfig(
        user=f"{USER}:{USER}",
        command=("nginx", "-g", "daemon off;"),
        ports=(8080,),
        stop_signal="SIGQUIT",  # finishes running requests; SIGTERM would cut them
        labels=package_labels(SUITE, versions),
    )
    owners = {"var/lib/nginx": USER, "var/log/nginx": USER}
    return Tree(root, owners=owners, modes={"tmp": 0o1777, "var/tmp": 0o1777}), config


RECIPE = Recipe(
    name="localhost/statefulsets/nginx:1",
    description="nginx from Debian, for pods without root",
    assemble=assemble,
    sources=(HERE / "recipes/nginx.py",),
    suite=SUITE,
    debian_packages=PACKAGES,
    commands=("apt-get", "dpkg-deb", "tar"),
    seconds=5,
    megabytes=19,
)
