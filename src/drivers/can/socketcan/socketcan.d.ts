/** The part of the package `socketcan` that is used. Its own types need a file that it does not have. */
declare module 'socketcan' {
  export function createRawChannelWithOptions(
    name: string,
    options: { readonly timestamps: boolean; readonly non_block_send: boolean },
  ): import('./raw-channel.ts').RawChannel
}
