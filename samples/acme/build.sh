#!/usr/bin/env bash
# Builds ../acme-1.0.zip and ../acme-1.1.zip, the sample ROMs of the README, from the sources beside this script.
#
# Needs apktool, aapt, apksigner, zipalign, keytool, aarch64-linux-gnu-gcc and zip. The zips are
# checked in, so nobody needs to run this to use or test phonehome. Keys are made anew each time and
# thrown away: only the certificates' hashes differ between two runs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for key in platform feed; do
    keytool -genkeypair -keystore "$work/$key.jks" -storepass sample -keypass sample -alias "$key" \
        -keyalg RSA -keysize 2048 -validity 10000 -dname "CN=Acme $key, O=Acme" 2>/dev/null
done

# app SOURCE KEY OUT: one signed APK from smali, manifest and resources.
app() {
    printf 'version: 2.7.0\napkFileName: app.apk\nisFrameworkApk: false\nusesFramework:\n  ids:\n  - 1\nsdkInfo:\n  minSdkVersion: "17"\n  targetSdkVersion: "19"\n' > "$1/apktool.yml"
    apktool --quiet build --use-aapt2 -o "$work/unsigned.apk" "$1" 2>/dev/null || apktool --quiet build -o "$work/unsigned.apk" "$1"
    zipalign -f 4 "$work/unsigned.apk" "$work/aligned.apk"
    apksigner sign --ks "$work/$2.jks" --ks-pass pass:sample --ks-key-alias "$2" --min-sdk-version 17 \
        --out "$3" "$work/aligned.apk"
    rm -f "$3.idsig"
}

for build in old:1.0:100 new:1.1:110; do
    IFS=: read -r side version code <<< "$build"
    tree=$work/$side
    rom=$work/rom-$side
    mkdir -p "$tree" "$rom/system/app" "$rom/system/framework" "$rom/system/etc" "$rom/system/lib64" \
        "$rom/META-INF/com/google/android"
    cp -R "$here/common/." "$tree/"
    cp -R "$here/$side/." "$tree/"
    for source in AcmeStats AcmeMessages AcmeFeed SettingsProvider framework-res; do
        [ -d "$tree/$source" ] || continue
        sed -i -e "s/@VERSION_CODE@/$code/" -e "s/@VERSION_NAME@/$version/" "$tree/$source/AndroidManifest.xml"
        key=platform; [ "$source" = AcmeFeed ] && key=feed
        out=$rom/system/app/$source.apk; [ "$source" = framework-res ] && out=$rom/system/framework/$source.apk
        app "$tree/$source" "$key" "$out"
    done
    # Linked without any library, so that it needs nothing of the machine that it was built on.
    aarch64-linux-gnu-gcc -shared -fPIC -nostdlib -O1 -s -Wl,--build-id=none -Wl,-soname,libacmediag.so \
        -o "$rom/system/lib64/libacmediag.so" "$tree/native/acmediag.c"
    cp "$tree/rom/build.prop" "$rom/system/"
    cp "$tree/rom/gps.conf" "$rom/system/etc/"
    cp "$tree/rom/updater-script" "$rom/META-INF/com/google/android/"
    find "$rom" -exec touch -d 2014-06-10T08:00:00Z {} +
    rm -f "$here/../acme-$version.zip"
    (cd "$rom" && find . -type f | LC_ALL=C sort | zip -q -X -9 "$here/../acme-$version.zip" -@)
done
ls -l "$here"/../acme-*.zip
