/*
 * A firmware with tests of its own for a BBC micro:bit (nRF51822). A line at 115200 baud chooses the format in which it prints them, or a
 * way in which it fails to:
 *   unity | ztest | tap | libtest
 *   hang      stops in the middle of the second test, after text without an end of the line
 *   panic     reports a fatal error in the second test, and stops
 *   reset     resets the processor in the third test, each time again
 *   noise     damages the line of the second result
 *   short     ends its tests before its plan
 *   twice     runs two tests of one name
 *   quiet     prints nothing
 * Addresses are those of the nRF51 Series Reference Manual and of the ARMv6-M Architecture Reference Manual.
 */
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART_STARTRX REGISTER(0x40002000)
#define UART_STARTTX REGISTER(0x40002008)
#define UART_RXDRDY REGISTER(0x40002108)
#define UART_TXDRDY REGISTER(0x4000211c)
#define UART_ENABLE REGISTER(0x40002500)
#define UART_PSELTXD REGISTER(0x4000250c)
#define UART_PSELRXD REGISTER(0x40002514)
#define UART_RXD REGISTER(0x40002518)
#define UART_TXD REGISTER(0x4000251c)
#define UART_BAUDRATE REGISTER(0x40002524)
#define SCB_AIRCR REGISTER(0xe000ed0c)
#define SYSTEM_RESET 0x05fa0004u
#define TXD 24
#define RXD 25
#define STARTED 0x7e575u

/* All variables are in RAM that nothing clears, so that there is nothing to prepare. The command survives a reset. */
#define NOT_CLEARED __attribute__((section(".noinit")))

NOT_CLEARED static struct {
  uint32_t mark;
  char command[16];
} kept;

static void put_char(char c) {
  UART_TXDRDY = 0;
  UART_TXD = (uint8_t)c;
  while (!UART_TXDRDY)
    ;
}

static void put(const char *text) {
  for (; *text; text++) {
    if (*text == '\n') put_char('\r');
    put_char(*text);
  }
}

/* The Cortex-M0 cannot divide; numbers here are small. */
static void put_number(uint32_t number) {
  uint32_t tens = 0;
  for (; number >= 10; number -= 10) tens++;
  if (tens) put_number(tens);
  put_char((char)('0' + number));
}

static int equal(const char *a, const char *b) {
  for (; *a == *b; a++, b++) {
    if (!*a) return 1;
  }
  return 0;
}

/* The result of the test that runs. */
NOT_CLEARED static enum { PASSED, FAILED, SKIPPED } state;
NOT_CLEARED static uint32_t line, expected, actual;

#define ASSERT_EQUAL(want, got)   \
  do {                            \
    expected = (uint32_t)(want);  \
    actual = (uint32_t)(got);     \
    if (expected != actual) {     \
      state = FAILED;             \
      line = __LINE__;            \
      return;                     \
    }                             \
  } while (0)
#define SKIP()        \
  do {                \
    state = SKIPPED;  \
    line = __LINE__;  \
    return;           \
  } while (0)

static const volatile uint32_t level = 3;

static void test_adds(void) { ASSERT_EQUAL(5, level + 2); }

static void test_reads_the_level(void) {
  put("level ");
  put_number(level);
  put("\n");
  ASSERT_EQUAL(4, level);
}

static void test_sleeps(void) { SKIP(); }

static void test_stops(void) {
  put("about to sto");
  for (;;)
    ;
}

static void test_panics(void) {
  put("E: >>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0\n");
  for (;;)
    ;
}

static void test_resets(void) {
  SCB_AIRCR = SYSTEM_RESET;
  for (;;)
    ;
}

struct test {
  const char *name;
  void (*run)(void);
};

static void run(const struct test *test) {
  state = PASSED;
  test->run();
}

static void put_place(void) {
  put(__FILE__ ":");
  put_number(line);
}

static void put_difference(void) {
  put("Expected ");
  put_number(expected);
  put(" Was ");
  put_number(actual);
}

/* The line of a result is that of the test when it has passed, as in Unity's RUN_TEST(). */
static void print_unity(const struct test *tests, uint32_t count, int damaged) {
  uint32_t counts[3] = {0, 0, 0};
  for (uint32_t i = 0; i < count; i++) {
    line = __LINE__;
    run(&tests[i]);
    counts[state]++;
    if (damaged && i == 1) {
      put("\xff\xfe" "target-te\x80:\n");
      continue;
    }
    put_place();
    put(":");
    put(tests[i].name);
    put(state == PASSED ? ":PASS\n" : state == SKIPPED ? ":IGNORE\n" : ":FAIL: ");
    if (state != FAILED) continue;
    put_difference();
    put("\n");
  }
  put("\n-----------------------\n");
  put_number(count);
  put(" Tests ");
  put_number(counts[FAILED]);
  put(" Failures ");
  put_number(counts[SKIPPED]);
  put(counts[FAILED] ? " Ignored \nFAIL\n" : " Ignored \nOK\n");
}

static void print_ztest(const struct test *tests, uint32_t count) {
  int failed = 0;
  put("*** Booting Zephyr OS build v4.2.0 ***\nRunning TESTSUITE board\n");
  put("===================================================================\n");
  for (uint32_t i = 0; i < count; i++) {
    put("START - ");
    put(tests[i].name);
    put("\n");
    run(&tests[i]);
    if (state == FAILED) {
      failed = 1;
      put("\n    Assertion failed at WEST_TOPDIR/");
      put_place();
      put(": ");
      put(tests[i].name);
      put(": (level not equal to 4)\n");
      put_difference();
      put("\n");
    }
    put(state == PASSED ? " PASS - " : state == FAILED ? " FAIL - " : " SKIP - ");
    put(tests[i].name);
    put(" in 0.012 seconds\n===================================================================\n");
  }
  put(failed ? "TESTSUITE board failed.\n" : "TESTSUITE board succeeded\n");
  put("===================================================================\n");
  put(failed ? "PROJECT EXECUTION FAILED\n" : "PROJECT EXECUTION SUCCESSFUL\n");
}

static void print_tap(const struct test *tests, uint32_t count, uint32_t planned) {
  put("TAP version 14\n1..");
  put_number(planned);
  put("\n");
  for (uint32_t i = 0; i < count; i++) {
    run(&tests[i]);
    put(state == FAILED ? "not ok " : "ok ");
    put_number(i + 1);
    put(" - ");
    put(tests[i].name);
    put(state == SKIPPED ? " # SKIP not on this board\n" : "\n");
    if (state != FAILED) continue;
    put("  ---\n  message: ");
    put_difference();
    put("\n  at:\n    file: " __FILE__ "\n    line: ");
    put_number(line);
    put("\n  ...\n");
  }
}

static void print_libtest(const struct test *tests, uint32_t count) {
  uint32_t counts[3] = {0, 0, 0};
  put("\nrunning ");
  put_number(count);
  put(" tests\n");
  for (uint32_t i = 0; i < count; i++) {
    put("test board::");
    put(tests[i].name);
    put(" ... ");
    run(&tests[i]);
    counts[state]++;
    if (state == FAILED) {
      put("panicked at ");
      put_place();
      put(":3:\n");
      put_difference();
      put("\n");
    }
    put(state == PASSED ? "ok\n" : state == FAILED ? "FAILED\n" : "ignored\n");
  }
  put(counts[FAILED] ? "\ntest result: FAILED. " : "\ntest result: ok. ");
  put_number(counts[PASSED]);
  put(" passed; ");
  put_number(counts[FAILED]);
  put(" failed; ");
  put_number(counts[SKIPPED]);
  put(" ignored; 0 measured; 0 filtered out; finished in 0.01s\n");
}

static void answer(const char *command) {
  static const struct test tests[] = {
      {"test_adds", test_adds}, {"test_reads_the_level", test_reads_the_level}, {"test_sleeps", test_sleeps}};
  static const struct test hanging[] = {{"test_adds", test_adds}, {"test_stops", test_stops}};
  static const struct test panicking[] = {{"test_adds", test_adds}, {"test_panics", test_panics}};
  static const struct test resetting[] = {
      {"test_adds", test_adds}, {"test_sleeps", test_sleeps}, {"test_resets", test_resets}};
  static const struct test repeating[] = {
      {"test_adds", test_adds}, {"test_sleeps", test_sleeps}, {"test_sleeps", test_sleeps}};
  if (equal(command, "unity")) print_unity(tests, 3, 0);
  if (equal(command, "ztest")) print_ztest(tests, 3);
  if (equal(command, "tap")) print_tap(tests, 3, 3);
  if (equal(command, "libtest")) print_libtest(tests, 3);
  if (equal(command, "hang")) print_ztest(hanging, 2);
  if (equal(command, "panic")) print_libtest(panicking, 2);
  if (equal(command, "reset")) print_ztest(resetting, 3);
  if (equal(command, "noise")) print_unity(tests, 3, 1);
  if (equal(command, "short")) print_tap(tests, 1, 3);
  if (equal(command, "twice")) print_unity(repeating, 3, 0);
}

void main(void) {
  UART_PSELTXD = TXD;
  UART_PSELRXD = RXD;
  UART_BAUDRATE = 0x01d7e000;
  UART_ENABLE = 4;
  UART_STARTTX = 1;
  UART_STARTRX = 1;
  if (kept.mark == STARTED) answer(kept.command);
  for (;;) {
    put("\n> ");
    uint32_t length = 0;
    for (;;) {
      while (!UART_RXDRDY)
        ;
      UART_RXDRDY = 0;
      char c = (char)UART_RXD;
      if (c == '\r') break;
      if (length < sizeof kept.command - 1) kept.command[length++] = c;
    }
    kept.command[length] = 0;
    put("\n");
    kept.mark = STARTED;
    answer(kept.command);
    kept.mark = 0;
  }
}

__attribute__((naked, noreturn)) static void stop(void) { __asm volatile("b ."); }

extern uint32_t stack_top;
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&stack_top, main, stop, stop};
