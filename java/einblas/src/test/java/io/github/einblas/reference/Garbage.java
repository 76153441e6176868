package io.github.einblas.reference;

import io.github.einblas.Einblas;

/** What earlier tests left to the collector. */
public final class Garbage {
  private Garbage() {}

  /**
   * Collects until two collections in a row free no native memory. For tests that give an operation
   * some room above what is in use: what is freed meanwhile would be more room.
   */
  public static void collect() throws InterruptedException {
    int still = 0;
    for (int i = 0; i < 50 && still < 2; i++) {
      long before = Einblas.nativeBytesInUse();
      System.gc();
      Thread.sleep(10);
      still = Einblas.nativeBytesInUse() == before ? still + 1 : 0;
    }
  }
}
