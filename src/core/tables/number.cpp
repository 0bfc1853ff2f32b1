// SPDX-License-Identifier: GPL-2.0-or-later
// std::from_chars rounds correctly, knows no locale, and is several times faster than strtod.
#include "number.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <strings.h>
#include <system_error>

namespace
{

bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

// Of a number that is no double: is it too large, rather than too small? That is, does the first
// digit that counts stand before the decimal point, once the exponent has moved it?
bool is_large(const char *begin, const char *end)
{
  constexpr long long limit = std::numeric_limits<long long>::max() / 100;
  const char *exponent = std::find_if(begin, end, [](char c) { return c == 'e' || c == 'E'; });
  const char *point = std::find(begin, exponent, '.');
  const char *first = std::find_if(begin, exponent, [](char c) { return c != '0' && c != '.'; });
  const bool negative = end - exponent > 1 && exponent[1] == '-';
  long long power = 0;
  for (; exponent < end; exponent++)
    if (is_digit(*exponent) && power < limit)
      power = 10 * power + (*exponent - '0');
  return (point - first) + (negative ? -power : power) > 0;
}

bool equal(const char *begin, const char *end, const char *word)
{
  const auto length = static_cast<size_t>(end - begin);
  return length == std::strlen(word) && strncasecmp(begin, word, length) == 0;
}

bool special(const char *begin, const char *end, double *value)
{
  if (equal(begin, end, "nan"))
    *value = std::numeric_limits<double>::quiet_NaN();
  else if (equal(begin, end, "inf") || equal(begin, end, "infinity"))
    *value = std::numeric_limits<double>::infinity();
  else
    return false;
  return true;
}

bool magnitude(const char *begin, const char *end, double *value)
{
  if (begin == end || !(is_digit(*begin) || *begin == '.'))
    return special(begin, end, value);
  const std::from_chars_result result = std::from_chars(begin, end, *value);
  if (result.ptr != end || result.ec == std::errc::invalid_argument)
    return false;
  if (result.ec == std::errc::result_out_of_range)
    *value = is_large(begin, end) ? std::numeric_limits<double>::infinity() : 0.0;
  return true;
}

} // namespace

int number_from_word(const char *begin, const char *end, double *value)
{
  const bool negative = begin < end && *begin == '-';
  if (begin < end && (negative || *begin == '+'))
    begin++;
  if (!magnitude(begin, end, value))
    return 0;
  if (negative)
    *value = -*value;
  return 1;
}
