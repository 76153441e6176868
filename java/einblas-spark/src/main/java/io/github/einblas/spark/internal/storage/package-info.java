/**
 * Arrays in files that every machine of a cluster sees: .npy by byte ranges, folders of .npy
 * chunks, Zarr. Everything goes through Hadoop's file systems.
 */
package io.github.einblas.spark.internal.storage;
