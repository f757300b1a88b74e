import { usesBoard } from './uses-board.ts'

usesBoard('board=good')
