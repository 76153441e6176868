// Names that differ from a given one by few letters.
package io.github.einblas.cli.port;

import java.util.Collection;
import java.util.List;

/** Which known name was meant by one that is not known. */
public final class NearNames {
  private static final int MOST = 3;

  private NearNames() {}

  /** The nearest names, if they differ by a third of the letters at most, or go on. */
  public static List<String> of(String name, Collection<String> known) {
    int most = Math.max(1, name.length() / 3);
    int best = known.stream().mapToInt(k -> distance(name, k)).min().orElse(Integer.MAX_VALUE);
    if (best > most) {
      return name.length() < 2 || name.equals("--")
          ? List.of()
          : known.stream().filter(k -> k.startsWith(name)).sorted().limit(MOST).toList();
    }
    return known.stream().filter(k -> distance(name, k) == best).sorted().limit(MOST).toList();
  }

  /** Letters to insert, delete, replace or swap with their neighbours. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + replaced, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
