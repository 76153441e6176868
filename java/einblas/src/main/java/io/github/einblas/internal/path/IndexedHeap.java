// Planner, second stage: numbers by their scores, which may change.
package io.github.einblas.internal.path;

import java.util.Arrays;

/** A binary heap of the numbers from 0, the lowest score first, of equal ones the lowest number. */
final class IndexedHeap {
  private final double[] score;
  private final int[] heap;
  private final int[] position;
  private int size;

  /** An empty heap for the numbers below a bound. */
  IndexedHeap(int bound) {
    score = new double[bound];
    heap = new int[bound];
    position = new int[bound];
    Arrays.fill(position, -1);
  }

  int size() {
    return size;
  }

  boolean contains(int number) {
    return position[number] >= 0;
  }

  double score(int number) {
    return score[number];
  }

  /** Adds a number, or changes its score. */
  void put(int number, double newScore) {
    score[number] = newScore;
    if (position[number] < 0) {
      position[number] = size;
      heap[size++] = number;
    }
    up(position[number]);
    down(position[number]);
  }

  /** Takes out the first. */
  int poll() {
    int first = heap[0];
    position[first] = -1;
    int last = heap[--size];
    if (size > 0) {
      heap[0] = last;
      position[last] = 0;
      down(0);
    }
    return first;
  }

  void clear() {
    for (int i = 0; i < size; i++) {
      position[heap[i]] = -1;
    }
    size = 0;
  }

  private boolean before(int a, int b) {
    return score[a] < score[b] || (score[a] == score[b] && a < b);
  }

  private void up(int from) {
    int number = heap[from];
    int at = from;
    while (at > 0 && before(number, heap[(at - 1) >> 1])) {
      heap[at] = heap[(at - 1) >> 1];
      position[heap[at]] = at;
      at = (at - 1) >> 1;
    }
    heap[at] = number;
    position[number] = at;
  }

  private void down(int from) {
    int number = heap[from];
    int at = from;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], number)) {
        break;
      }
      heap[at] = heap[child];
      position[heap[at]] = at;
      at = child;
    }
    heap[at] = number;
    position[number] = at;
  }
}
