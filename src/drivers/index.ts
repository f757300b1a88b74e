export { AvrBoard, type AvrBoardConfig } from './avr-board/avr-board.ts'
export { EchoNetwork } from './network/echo-network.ts'
export { TcpNetwork, type TcpNetworkConfig, UnixNetwork, type UnixNetworkConfig } from './network/socket-network.ts'
export { MockPower } from './power/mock-power.ts'
