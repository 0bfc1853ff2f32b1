/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container of model files and its metadata: what is read, and what is refused with which
   words. Trees and mixtures are for test_forest.c and test_gmm.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/model.h"
#include "model_builder.h"

static const double numbers[6] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};

static struct builder good_model(void)
{
  struct builder builder = {0};
  builder_tensor(&builder, "anything", "F64", 2, 2, 3, 0, numbers);
  builder_metadata(&builder, "format", "mlgrain");
  builder_metadata(&builder, "version", "1");
  builder_metadata(&builder, "kind", "forest");
  builder_metadata(&builder, "target", "energy density");
  builder_metadata(&builder, "features", "[\"P0_I0\", \"P1_I0\"]");
  builder_metadata(&builder, "descriptor",
                   "{\"style\": \"sfd/atom\", \"sigma\": 0.909, \"rcut\": 5.904}");
  return builder;
}

static void refuse_bytes(const unsigned char *bytes, size_t size, enum mlgrain_status wanted,
                         const char *words)
{
  struct mlgrain_model *model = (struct mlgrain_model *)1;
  struct mlgrain_error error = {""};
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, &error), wanted);
  assert_null(model);
  if (!strstr(error.text, words))
    fail_msg("'%s' is not in '%s'", words, error.text);
  assert_int_equal(mlgrain_model_from_bytes("file", bytes, size, &model, NULL), wanted);
}

static void refuse(const struct builder *builder, const char *words)
{
  size_t size;
  unsigned char *bytes = builder_finish(builder, &size);
  refuse_bytes(bytes, size, MLGRAIN_FORMAT_ERROR, words);
  free(bytes);
}

static void refuse_header(const char *header, size_t data_size, const char *words)
{
  size_t size;
  const double data[16] = {0.0};
  unsigned char *bytes = builder_raw(header, data, data_size, &size);
  refuse_bytes(bytes, size, MLGRAIN_FORMAT_ERROR, words);
  free(bytes);
}

static void check_good(const struct mlgrain_model *model)
{
  assert_int_equal(mlgrain_model_kind_of(model), MLGRAIN_MODEL_FOREST);
  assert_int_equal(mlgrain_model_features(model), 2);
  assert_string_equal(mlgrain_model_feature(model, 0), "P0_I0");
  assert_string_equal(mlgrain_model_feature(model, 1), "P1_I0");
  assert_null(mlgrain_model_feature(model, 2));
  assert_null(mlgrain_model_feature(model, -1));
  assert_string_equal(mlgrain_model_metadata(model, "target"), "energy density");
  assert_null(mlgrain_model_metadata(model, "units"));
  const struct mlgrain_model_descriptor *descriptor = mlgrain_model_descriptor(model);
  assert_non_null(descriptor);
  assert_string_equal(descriptor->style, "sfd/atom");
  assert_true(descriptor->sigma == 0.909 && descriptor->cutoff == 5.904);
  assert_int_equal(descriptor->weights, 0);
}

static struct mlgrain_model *open_model(const struct builder *builder, unsigned char **bytes)
{
  size_t size;
  struct mlgrain_model *model;
  struct mlgrain_error error = {""};
  *bytes = builder_finish(builder, &size);
  if (mlgrain_model_from_bytes("file", *bytes, size, &model, &error))
    fail_msg("%s", error.text);
  return model;
}

static void test_read(void **state)
{
  (void)state;
  struct builder builder = good_model();
  unsigned char *bytes;
  struct mlgrain_model *model = open_model(&builder, &bytes);
  check_good(model);
  mlgrain_model_free(model);
  free(bytes);
  mlgrain_model_free(NULL);
}

static void test_descriptors(void **state)
{
  (void)state;
  struct builder builder = good_model();
  unsigned char *bytes;
  builder_metadata(&builder, "descriptor",
                   "{\"style\": \"sfd/atom\", \"sigma\": 1, \"rcut\": 5, \"weight\": [1.5, 2]}");
  struct mlgrain_model *model = open_model(&builder, &bytes);
  const struct mlgrain_model_descriptor *descriptor = mlgrain_model_descriptor(model);
  assert_int_equal(descriptor->weights, 2);
  assert_true(descriptor->weight[0] == 1.5 && descriptor->weight[1] == 2.0);
  mlgrain_model_free(model);
  free(bytes);

  builder_metadata(&builder, "descriptor", "{\"style\": \"sna/atom\", \"twojmax\": 8}");
  model = open_model(&builder, &bytes);
  assert_string_equal(mlgrain_model_descriptor(model)->style, "sna/atom");
  mlgrain_model_free(model);
  free(bytes);

  builder_metadata(&builder, "descriptor", NULL);
  model = open_model(&builder, &bytes);
  assert_null(mlgrain_model_descriptor(model));
  mlgrain_model_free(model);
  free(bytes);
}

static void test_file(void **state)
{
  (void)state;
  const char *path = "test_model.safetensors";
  struct builder builder = good_model();
  size_t size;
  unsigned char *bytes = builder_finish(&builder, &size);
  assert_true(builder_write(path, bytes, size));
  free(bytes);
  struct mlgrain_model *model;
  struct mlgrain_error error;
  assert_int_equal(mlgrain_model_open(path, &model, &error), MLGRAIN_SUCCESS);
  remove(path); /* it stays as long as it is mapped */
  check_good(model);
  mlgrain_model_free(model);

  assert_int_equal(mlgrain_model_open(path, &model, &error), MLGRAIN_FILE_ERROR);
  assert_null(model);
  assert_non_null(strstr(error.text, "no such file"));
  assert_int_equal(mlgrain_model_open("/", &model, &error), MLGRAIN_FILE_ERROR);
  assert_non_null(strstr(error.text, "not a plain file"));
  assert_true(builder_write(path, NULL, 0));
  assert_int_equal(mlgrain_model_open(path, &model, &error), MLGRAIN_FILE_ERROR);
  assert_true(builder_write(path, (const unsigned char *)"MTP\nversion = 1.1.0\n", 20));
  assert_int_equal(mlgrain_model_open(path, &model, &error), MLGRAIN_FORMAT_ERROR);
  remove(path);
}

/* Cut anywhere, a file is refused. */
static void test_cut(void **state)
{
  (void)state;
  struct builder builder = good_model();
  size_t size;
  unsigned char *bytes = builder_finish(&builder, &size);
  for (size_t length = 0; length < size; length++) {
    unsigned char *part = aligned_alloc(64, (length + 64) / 64 * 64);
    assert_non_null(part);
    memcpy(part, bytes, length);
    refuse_bytes(part, length, MLGRAIN_FORMAT_ERROR, "file: ");
    free(part);
  }
  free(bytes);
}

static void test_length_of_header(void **state)
{
  (void)state;
  static const struct {
    uint64_t length;
    const char *words;
  } cases[] = {{UINT64_MAX, "cut short"},
               {UINT64_MAX - 7, "cut short"},
               {(1u << 20) + 8, "too long"},
               {4, "multiple of 8"},
               {0, "not a JSON object"}};
  const size_t size = (1u << 20) + 64;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char *bytes = aligned_alloc(64, size);
    assert_non_null(bytes);
    memset(bytes, ' ', size);
    for (int b = 0; b < 8; b++)
      bytes[b] = (unsigned char)(cases[i].length >> (8 * b));
    refuse_bytes(bytes, size, MLGRAIN_FORMAT_ERROR, cases[i].words);
    free(bytes);
  }
}

static void test_misaligned(void **state)
{
  (void)state;
  double bytes[8] = {0.0};
  refuse_bytes((unsigned char *)bytes + 4, 32, MLGRAIN_INVALID_ARGUMENT, "multiple of 8");
}

#define ONE(inside) "{\"a\":{" inside "}}"

static void test_bad_tensors(void **state)
{
  (void)state;
  static const struct {
    const char *header;
    size_t data;
    const char *words;
  } cases[] = {
      {"[1]", 0, "not a JSON object"},
      {"{\"a\":", 0, "not a JSON object"},
      {"{} {}", 0, "not a JSON object"},
      {"{\"a\":1,\"a\":1}", 0, "duplicate"},
      {"{\"a\":7}", 0, "no dtype"},
      {ONE("\"dtype\":5"), 0, "no dtype"},
      {ONE("\"dtype\":\"F64\",\"data_offsets\":[0,8]"), 8, "no shape"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,8]"), 8,
       "no shape"},
      {ONE("\"dtype\":\"F64\",\"shape\":[-1],\"data_offsets\":[0,8]"), 8, "impossible"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1.5],\"data_offsets\":[0,8]"), 8, "impossible"},
      {ONE("\"dtype\":\"F64\",\"shape\":[2305843009213693953],\"data_offsets\":[0,8]"), 8,
       "impossible"},
      {ONE("\"dtype\":\"F64\",\"shape\":[4294967296,4294967297],\"data_offsets\":[0,8]"), 8,
       "impossible"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1]"), 8, "within the 8 bytes"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0]"), 8, "within the 8 bytes"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,16]"), 8, "within the 8 bytes"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,0]"), 8, "within the 8 bytes"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[-8,0]"), 8, "within the 8 bytes"},
      {ONE("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]"), 8, "its shape needs 16"},
      {ONE("\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,16]"), 16, "its shape needs 8"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]"), 16, "belong to no tensor"},
      {ONE("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]"), 16, "gap"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
       "\"b\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[8,24]}}",
       24, "overlaps"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[4,12]}}",
       12, "not aligned"},
      {"{\"__metadata__\":[]}", 0, "not an object"},
      {"{\"__metadata__\":{\"version\":1}}", 0, "'version' is not a string"},
      {"{}", 0, "not those of a model"},
      {"{\"a\\u0000b\":1}", 0, "not a JSON object"},
      {"{\"\xff\":1}", 0, "not a JSON object"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    refuse_header(cases[i].header, cases[i].data, cases[i].words);
}

static void test_unknown_type(void **state)
{
  (void)state;
  struct builder builder = good_model();
  builder_tensor(&builder, "odd", "C64", 1, 1, 0, 0, numbers);
  size_t size;
  unsigned char *bytes = builder_finish(&builder, &size);
  refuse_bytes(bytes, size, MLGRAIN_UNSUPPORTED, "unknown type C64");
  free(bytes);
}

static void test_bad_metadata(void **state)
{
  (void)state;
  static const struct {
    const char *key, *value, *words;
  } cases[] = {
      {"format", NULL, "not those of a model"},
      {"format", "pt", "not those of a model"},
      {"version", NULL, "not those of a model"},
      {"kind", NULL, "not those of a model"},
      {"features", NULL, "name no features"},
      {"features", "P0_I0", "not JSON"},
      {"features", "[]", "'features' is not a list"},
      {"features", "{}", "'features' is not a list"},
      {"features", "[\"a\", 1]", "'features' is not a list"},
      {"features", "[\"\"]", "'features' is not a list"},
      {"features", "[\"a\", \"b\", \"a\"]", "two features are named 'a'"},
      {"descriptor", "sfd/atom", "not JSON"},
      {"descriptor", "[]", "no style"},
      {"descriptor", "{\"style\": 1}", "no style"},
      {"descriptor", "{\"style\": \"sfd/atom\"}", "positive numbers sigma and rcut"},
      {"descriptor", "{\"style\": \"sfd/atom\", \"sigma\": -1, \"rcut\": 5}", "positive numbers"},
      {"descriptor", "{\"style\": \"sfd/atom\", \"sigma\": 1, \"rcut\": \"5\"}",
       "positive numbers"},
      {"descriptor", "{\"style\": \"sfd/atom\", \"sigma\": 1, \"rcut\": 5, \"weight\": 1}",
       "no list"},
      {"descriptor", "{\"style\": \"sfd/atom\", \"sigma\": 1, \"rcut\": 5, \"weight\": [1, -1]}",
       "not all numbers >= 0"},
      {"descriptor", "{\"style\": \"sfd/atom\", \"sigma\": 1, \"rcut\": 5, \"weight\": [null]}",
       "not all numbers >= 0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct builder builder = good_model();
    builder_metadata(&builder, cases[i].key, cases[i].value);
    refuse(&builder, cases[i].words);
  }
}

static void test_not_supported(void **state)
{
  (void)state;
  struct builder builder = good_model();
  size_t size;
  builder_metadata(&builder, "version", "2");
  unsigned char *bytes = builder_finish(&builder, &size);
  refuse_bytes(bytes, size, MLGRAIN_UNSUPPORTED, "version 2");
  free(bytes);
  builder = good_model();
  builder_metadata(&builder, "kind", "oracle");
  bytes = builder_finish(&builder, &size);
  refuse_bytes(bytes, size, MLGRAIN_UNSUPPORTED, "'oracle'");
  free(bytes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_read),
      cmocka_unit_test(test_descriptors),
      cmocka_unit_test(test_file),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_length_of_header),
      cmocka_unit_test(test_misaligned),
      cmocka_unit_test(test_bad_tensors),
      cmocka_unit_test(test_unknown_type),
      cmocka_unit_test(test_bad_metadata),
      cmocka_unit_test(test_not_supported),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
