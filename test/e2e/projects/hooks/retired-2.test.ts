import { usesBoard } from './uses-board.ts'

usesBoard('board in (retired)')
