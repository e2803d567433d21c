#!/bin/sh
# Install the real parts that the tests talk to: MQTT and Kafka, ClickHouse, cards, browser, fonts, PDF tools.
# As root on Debian 12 it installs what is missing; elsewhere it says what is missing and ends with status 1.
set -u
here=$(cd "$(dirname "$0")" && pwd)

packages="mosquitto pcscd vsmartcard-vpcd clickhouse-server kcat chromium poppler-utils
fonts-dejavu fonts-noto-core fonts-liberation fonts-roboto gcc swig libpcsclite-dev"
command -v mvn >/dev/null || packages="$packages maven"
command -v java >/dev/null || packages="$packages openjdk-17-jre-headless"

if ! command -v dpkg-query >/dev/null; then
    echo "No Debian here. Install by the means of this system, then run the tests: $packages" >&2
    exit 1
fi

missing=
for package in $packages; do
    # A virtual or renamed package may be provided by another one: ask for the installed state only.
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done

if [ -n "$missing" ] && [ "$(id -u)" -ne 0 ]; then
    echo "missing:$missing" >&2
    echo "run as root: $0" >&2
    exit 1
fi
if [ -n "$missing" ]; then
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Nothing that is installed here may start by itself: the tests start every part on free ports.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy
        trap 'rm -f $policy' EXIT
    fi
    apt-get -q update && apt-get -q install -y --no-install-recommends $missing || exit 1
fi
"$here/kafka/fetch.sh"
