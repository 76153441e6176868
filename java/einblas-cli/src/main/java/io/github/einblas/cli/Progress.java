// Command line: progress of long work, on a terminal only.
package io.github.einblas.cli;

import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on standard error when that is a terminal, else nothing. */
final class Progress implements AutoCloseable {
  private static final int COLUMNS = 79;
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final Streams io;
  private final ProgressBar bar; // null when there is no terminal
  private long drawn = System.nanoTime();

  Progress(Streams io, String task, long steps) {
    this.io = io;
    this.bar =
        !io.terminal()
            ? null
            : new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.ASCII)
                // Drawn only when asked: a thread that draws would disturb what is being timed.
                .setUpdateIntervalMillis(Integer.MAX_VALUE)
                .setConsumer(new DelegatingProgressBarConsumer(this::draw, COLUMNS))
                .hideEta()
                .build();
  }

  private void draw(String text) {
    io.err().print(CLEAR_LINE + text);
    io.err().flush();
  }

  /** Shows what is being done now. */
  void now(String what) {
    if (bar != null) {
      bar.setExtraMessage(what);
      bar.refresh();
    }
  }

  /** So many steps are done, without drawing. */
  void at(long steps) {
    if (bar != null) {
      bar.stepTo(steps);
    }
  }

  /** Drawing takes longer than a small step: ten times a second is enough. */
  boolean isTime() {
    long now = System.nanoTime();
    boolean due = now - drawn > 100_000_000;
    drawn = due ? now : drawn;
    return due;
  }

  /** One step more is done, without drawing. */
  void step() {
    if (bar != null) {
      bar.step();
    }
  }

  /** One step more is done. The line is cleared, so that results can be printed. */
  void done() {
    if (bar != null) {
      bar.step();
      clear();
    }
  }

  private void clear() {
    io.err().print(CLEAR_LINE);
    io.err().flush();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      clear();
    }
  }
}
