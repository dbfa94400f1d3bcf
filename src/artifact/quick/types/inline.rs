//! The methods that Dalvik calls by a number of its own.

const STRING: &[u8] = b"Ljava/lang/String;";
const MATH: &[u8] = b"Ljava/lang/Math;";
const STRICT_MATH: &[u8] = b"Ljava/lang/StrictMath;";
const FLOAT: &[u8] = b"Ljava/lang/Float;";
const DOUBLE: &[u8] = b"Ljava/lang/Double;";

/// Calls that Dalvik makes without a method (`gDvmInlineOpsTable`, Android 4.x): class, name, prototype, and
/// whether the call is virtual, direct or static.
pub(super) const INLINE: [(&[u8], &[u8], &[u8], u8); 29] = [
    (
        b"Lorg/apache/harmony/dalvik/NativeTestTarget;",
        b"emptyInlineMethod",
        b"()V",
        b's',
    ),
    (STRING, b"charAt", b"(I)C", b'v'),
    (STRING, b"compareTo", b"(Ljava/lang/String;)I", b'v'),
    (STRING, b"equals", b"(Ljava/lang/Object;)Z", b'v'),
    (STRING, b"fastIndexOf", b"(II)I", b'd'),
    (STRING, b"isEmpty", b"()Z", b'v'),
    (STRING, b"length", b"()I", b'v'),
    (MATH, b"abs", b"(I)I", b's'),
    (MATH, b"abs", b"(J)J", b's'),
    (MATH, b"abs", b"(F)F", b's'),
    (MATH, b"abs", b"(D)D", b's'),
    (MATH, b"min", b"(II)I", b's'),
    (MATH, b"max", b"(II)I", b's'),
    (MATH, b"sqrt", b"(D)D", b's'),
    (MATH, b"cos", b"(D)D", b's'),
    (MATH, b"sin", b"(D)D", b's'),
    (FLOAT, b"floatToIntBits", b"(F)I", b's'),
    (FLOAT, b"floatToRawIntBits", b"(F)I", b's'),
    (FLOAT, b"intBitsToFloat", b"(I)F", b's'),
    (DOUBLE, b"doubleToLongBits", b"(D)J", b's'),
    (DOUBLE, b"doubleToRawLongBits", b"(D)J", b's'),
    (DOUBLE, b"longBitsToDouble", b"(J)D", b's'),
    (STRICT_MATH, b"abs", b"(I)I", b's'),
    (STRICT_MATH, b"abs", b"(J)J", b's'),
    (STRICT_MATH, b"abs", b"(F)F", b's'),
    (STRICT_MATH, b"abs", b"(D)D", b's'),
    (STRICT_MATH, b"min", b"(II)I", b's'),
    (STRICT_MATH, b"max", b"(II)I", b's'),
    (STRICT_MATH, b"sqrt", b"(D)D", b's'),
];
