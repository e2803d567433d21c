#!/bin/sh
# Bring PyPy for Python 3.11 to .parts/pypy/usr/bin/pypy3, for `lane-controller simulate --with`.
# Debian 13 has it as the package pypy3. Debian 12 has only one for Python 3.9: there the packages of Debian 13 are
# unpacked into the folder with the libraries they need, checked by the system's own keyring, and nothing is installed.
# Quick when it is there already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
parts=$here/../../.parts
pypy=$parts/pypy/usr/bin/pypy3
suits='import sys; sys.exit(sys.version_info < (3, 11) or sys.implementation.name != "pypy")'

if "$pypy" -c "$suits" 2>/dev/null || pypy3 -c "$suits" 2>/dev/null; then
    exit 0
fi
command -v apt-get >/dev/null || { echo "PyPy for Python 3.11 is missing, and this is no Debian" >&2; exit 1; }

new=$parts/pypy.new
rm -rf "$new" && mkdir -p "$new/apt/lists/partial" "$new/apt/cache/archives/partial"
new=$(cd "$new" && pwd)
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v -e security -e updates | head -1
}
[ -n "$(mirror)" ] || apt-get -q update
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) trixie main" > "$new/apt/sources"
from="-o Dir::Etc::sourcelist=$new/apt/sources -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$new/apt/lists
-o Dir::Cache=$new/apt/cache -o Acquire::Languages=none -o APT::Sandbox::User=root"
echo "bringing PyPy for Python 3.11 to .parts/pypy"
# shellcheck disable=SC2086 # the options are words
apt-get -q $from update >/dev/null
# shellcheck disable=SC2086
needed=$(apt-cache $from depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances pypy3 | grep '^[a-z]' | sort -u)
# shellcheck disable=SC2086
(cd "$new/apt/cache" && apt-get -q $from download $needed >/dev/null)
for package in "$new"/apt/cache/*.deb; do
    dpkg-deb -x "$package" "$new"
done
rm -rf "$new/apt" "$parts/pypy"
mv "$new" "$parts/pypy"

# It needs the C library that it was built for: started by that one's loader, under the name of this starter, by which
# it finds its own library and starts itself again for --processes.
mv "$parts/pypy/usr/bin/pypy3.11" "$parts/pypy/usr/bin/pypy3.11.elf"
rm -f "$pypy"
cat > "$pypy" <<'STARTER'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
libraries=$(dirname "$(ls "$here"/../lib/*/libpypy3.11-c.so)")
exec "$libraries"/ld-linux-*.so.2 --library-path "$libraries" --argv0 "$here/pypy3" "$here/pypy3.11.elf" "$@"
STARTER
chmod +x "$pypy"
"$pypy" -c "$suits" || { echo "PyPy does not run here: $pypy" >&2; exit 1; }
