// Demo: how busy other processes kept the machine meanwhile.
package io.github.einblas.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/** The processors' load since it was made, without this process's own. */
final class OtherLoad {
  /** From this share of the machine on, figures are not those of an idle one. */
  private static final double BUSY = 0.05;

  private final OperatingSystemMXBean system =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  OtherLoad() {
    // Both count from the call before.
    system.getCpuLoad();
    system.getProcessCpuLoad();
  }

  /** What to tell, as one line. */
  String text() {
    return text(system.getCpuLoad(), system.getProcessCpuLoad(), system.getAvailableProcessors());
  }

  /** The line for loads from 0 to 1; negative ones are not known. */
  static String text(double all, double own, int processors) {
    if (!(all >= 0) || !(own >= 0)) {
      return "other processes: this system does not say how busy they are.";
    }
    double others = Math.max(0, all - own);
    return String.format(
        Locale.ROOT,
        "other processes kept %.2f of %d processor%s busy meanwhile%s.",
        others * processors,
        processors,
        processors == 1 ? "" : "s",
        others >= BUSY ? ": the machine is faster than that when it is idle" : "");
  }
}
