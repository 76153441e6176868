// Reports of tensors that were never closed: where they were made, and how many.
package io.github.einblas.internal.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/** What EINBLAS_LEAKS asks for. Without it nothing is recorded. */
public final class Leaks {
  /** The environment variable. */
  private static final String VARIABLE = "EINBLAS_LEAKS";

  /** Of so many tensors one is watched, as Netty has it. */
  private static final int SAMPLE = 128;

  private static final int MOST_FRAMES = 16;

  /** Places beyond are counted, but no more are kept. */
  private static final int MOST_PLACES = 1000;

  private static final String INTERNAL = "io.github.einblas.internal.";

  /** Of so many tensors one is watched; 0 for none. */
  private static final int EVERY = every(System.getenv(VARIABLE));

  private static final Map<String, Count> PLACES = new ConcurrentHashMap<>();

  private Leaks() {}

  /** Tensors of one place. */
  private static final class Count {
    private long tensors;
    private long bytes;

    synchronized boolean add(long more) {
      bytes += more;
      return tensors++ == 0;
    }

    synchronized String text(String place) {
      return tensors + " unclosed, " + bytes + " bytes, made" + place;
    }
  }

  /** One of how many is watched by the variable's value. */
  static int every(String value) {
    String level = value == null ? "" : value.strip().toLowerCase(Locale.ROOT);
    return switch (level) {
      case "", "0", "off", "disabled" -> 0;
      case "1", "simple", "advanced" -> SAMPLE;
      case "2", "paranoid" -> 1;
      default -> {
        log(
            VARIABLE
                + " is \""
                + value
                + "\", but must be off, 1 (or simple) or paranoid; taken as simple");
        yield SAMPLE;
      }
    };
  }

  /** Where a tensor is made now, if it is one to be watched; else null. */
  static Place place() {
    return EVERY != 0 && (EVERY == 1 || ThreadLocalRandom.current().nextInt(EVERY) == 0)
        ? new Place()
        : null;
  }

  /** Where a tensor was made. */
  static final class Place {
    private final StackTraceElement[] stack = new Throwable().getStackTrace();
    private volatile boolean viewClosed;

    /** A view of the tensor was closed. */
    void closedView() {
      viewClosed = true;
    }

    /** The collector found it. */
    void leaked(long bytes) {
      String text = text();
      boolean room = PLACES.size() < MOST_PLACES || PLACES.containsKey(text);
      Count count = PLACES.computeIfAbsent(room ? text : " elsewhere", none -> new Count());
      if (count.add(bytes)) {
        log(
            "a tensor of "
                + bytes
                + " bytes was never closed, made"
                + text
                + (EVERY == 1 ? "" : "\n  one of " + SAMPLE + " tensors is watched")
                + "\n  (each place is logged once; Einblas.leakReport() counts)");
      }
    }

    /** The frames from the library's public method on. */
    private String text() {
      int first = 0;
      while (first < stack.length && isInside(stack[first])) {
        first++;
      }
      return Arrays.stream(stack)
          .skip(first)
          .limit(MOST_FRAMES)
          .map(frame -> "\n    at " + frame)
          .collect(
              Collectors.joining(
                  "", "", viewClosed ? "\n  a view of it was closed: owning() frees both" : ""));
    }

    private static boolean isInside(StackTraceElement frame) {
      return frame.getClassName().startsWith(INTERNAL) || "<init>".equals(frame.getMethodName());
    }
  }

  /** A line or more for each place, those with most bytes first. */
  public static List<String> report() {
    List<Map.Entry<String, Count>> places = new ArrayList<>(PLACES.entrySet());
    places.sort((a, b) -> Long.compare(b.getValue().bytes, a.getValue().bytes));
    return places.stream().map(e -> e.getValue().text(e.getKey())).toList();
  }

  private static void log(String text) {
    System.getLogger("io.github.einblas").log(System.Logger.Level.WARNING, text);
  }
}
