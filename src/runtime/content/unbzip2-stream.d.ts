declare module 'unbzip2-stream' {
  export default function createDecompressor(): NodeJS.ReadWriteStream
}
