import { worksForASecond } from './works-for-a-second.ts'

worksForASecond('single-6')
