/** Command line: reads .npy files, runs the library's operations, writes .npy files. */
package io.github.einblas.cli;
