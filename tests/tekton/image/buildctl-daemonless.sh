#!/bin/sh
# Stands in for BuildKit: makes a user namespace as BuildKit does, notes what it is asked for, looks
# whether the Dockerfile and all that it copies are in the context, and pushes an image of the same
# files.
set -eu
unshare --user --map-auto true
printf '%s\n' "$@" > "$RECORD/asked"
push=false
while [ $# -gt 0 ]; do
  case $1 in
    --local) case $2 in context=*) context=${2#context=} ;; esac ;;
    --opt) case $2 in filename=*) filename=${2#filename=} ;; esac ;;
    --metadata-file) metadata=$2 ;;
    --output)
      name=$(printf %s "$2" | tr , '\n' | sed -n 's/^name=//p')
      push=$(printf %s "$2" | tr , '\n' | sed -n 's/^push=//p')
      ;;
  esac
  shift
done
[ -f "$context/$filename" ]
[ ! -e "$context/.git" ]
python3 - "$context" "$filename" "$RECORD/layout" <<'PY'
import hashlib, io, json, sys, tarfile
from pathlib import Path
context, filename, layout = map(Path, sys.argv[1:])
blobs = layout / "blobs" / "sha256"
blobs.mkdir(parents=True, exist_ok=True)
def keep(content, media):
    digest = hashlib.sha256(content).hexdigest()
    (blobs / digest).write_bytes(content)
    return {"mediaType": f"application/vnd.oci.image.{media}", "digest": f"sha256:{digest}", "size": len(content)}
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w") as tar:
    tar.add(context / filename, "Dockerfile", filter=lambda i: i.replace(mtime=0, uid=0, gid=0, uname="", gname=""))
layer = keep(buffer.getvalue(), "layer.v1.tar")
config = keep(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(), "config.v1+json")
manifest = keep(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [layer]}).encode(), "manifest.v1+json")
(layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
(layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
(layout / "digest").write_text(manifest["digest"])
PY
if [ "$push" = true ]; then
  skopeo copy -q --insecure-policy --preserve-digests --dest-tls-verify=false "oci:$RECORD/layout" "docker://$name"
fi
printf '{\n  "containerimage.digest": "%s",\n  "image.name": "%s"\n}\n' "$(cat "$RECORD/layout/digest")" "$name" > "$metadata"
