// Angles, for functions.h.
#pragma once

#include "wide.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

// Up to here the reduction by Cody and Waite is exact; beyond it libm's functions take over.
constexpr float largest_angle = 0x1p20f;
inline bool is_small_angle(float x) {
    return absolute(x) < largest_angle;
}
inline bool is_small_angle(double) {
    return false;
}

// x = quadrant * pi/2 + rest, |rest| <= pi/4. pi/2 in three parts: the products of the first two
// with the quadrant's number are exact.
struct Angle {
    int32_t quadrant;
    double rest;
};
inline Angle reduced(float x) {
    constexpr double rounder = 0x1.8p52;
    const double n = (x * (2.0 / pi) + rounder) - rounder;
    double rest = x - n * 1.57079632673412561417;
    rest -= n * 6.07710050630396597660e-11;
    rest -= n * 2.02226624879595063154e-21;
    return {static_cast<int32_t>(n), rest};
}
inline float sine_of_rest(float r) {
    const float z = r * r;
    const float s =
        polynomial(z, {2.71830414e-06f, -0.000198393341f, 0.00833332938f, -0.16666666642f});
    return multiply_add(r * z, s, r);
}
inline float cosine_of_rest(float r) {
    const float z = r * r;
    const float c = polynomial(z, {2.44383776e-05f, -0.00138873669f, 0.0416666468541f});
    return multiply_add(z * z, c, 1.0f - 0.5f * z);
}
inline float sine_in_quadrant(int32_t quadrant, float rest) {
    const float value = quadrant & 1 ? cosine_of_rest(rest) : sine_of_rest(rest);
    return quadrant & 2 ? -value : value;
}
inline float sin(float x) {
    const Angle angle = reduced(x);
    const float result = sine_in_quadrant(angle.quadrant, float_from(angle.rest));
    return x == 0.0f ? x : result;
}
inline float cos(float x) {
    const Angle angle = reduced(x);
    return sine_in_quadrant(angle.quadrant + 1, float_from(angle.rest));
}
inline float tan(float x) {
    const Angle angle = reduced(x);
    const double r = angle.rest, z = r * r;
    const double s = polynomial(z, {2.71830414346795921e-06, -0.00019839334072003771,
                                    0.00833332938353791193, -0.166666666416064563});
    const double c = polynomial(z, {-2.72101675887763158e-07, 2.47995191680278407e-05,
                                    -0.0013888883750258472, 0.0416666666227918855});
    const double sine = r + r * z * s, cosine = 1.0 - 0.5 * z + z * z * c;
    const bool odd = angle.quadrant & 1;
    const double above = odd ? -cosine : sine, below = odd ? sine : cosine;
    return x == 0.0f ? x : float_from(above / below);
}

// asin(x) for 0 <= x <= 1/2.
inline float small_asin(float x) {
    const float z = x * x;
    const float p = polynomial(z, {0.0422185461364f, 0.0241476118606f, 0.045477097115f,
                                   0.0749524177746f, 0.166667539281f});
    return multiply_add(x * z, p, x);
}
inline float asin(float x) {
    const float a = absolute(x);
    const bool small = a <= 0.5f;
    const float part = small_asin(small ? a : square_root(0.5f * (1.0f - a)));
    return copysign(small ? part : float_from(pi / 2 - 2.0 * part), x);
}
inline float acos(float x) {
    const float a = absolute(x);
    const bool small = a <= 0.5f;
    const float part = small_asin(small ? a : square_root(0.5f * (1.0f - a)));
    const float near = float_from(pi / 2 - copysign(part, x));
    const float far = x > 0.0f ? 2.0f * part : float_from(pi - 2.0 * part);
    return small ? near : far;
}

// atan(x) for 0 <= x <= 1.
inline float small_atan(float x) {
    const float z = x * x;
    const float p = polynomial(z, {-0.00182718464083f, 0.0110643149895f, -0.031455469045f,
                                   0.0582343200213f, -0.0841944596315f, 0.109575718509f,
                                   -0.142652445986f, 0.199986385525f, -0.333333018646f});
    return multiply_add(x * z, p, x);
}
inline float atan(float x) {
    const float a = absolute(x);
    const bool small = !(a > 1.0f);
    const float part = small_atan(small ? a : 1.0f / a);
    return copysign(small ? part : float_from(pi / 2 - part), x);
}
inline float atan2(float y, float x) {
    const float a = absolute(x), b = absolute(y);
    const bool steep = b > a;
    const float smaller = steep ? a : b, larger = steep ? b : a;
    const float ratio = smaller / larger;
    const float same = larger == 0.0f ? 0.0f : smaller == infinity ? 1.0f : ratio;
    const double part = small_atan(same);
    const double first = steep ? pi / 2 - part : part;
    const double turned = bits_of(x) < 0 ? pi - first : first;
    return x != x || y != y ? not_a_number : copysign(float_from(turned), y);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
